--- case a default partition instead of others
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (1);
--- both
INSERT INTO p VALUES (1, 'x');
--- case a default partition attached instead of others
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p DEFAULT;
--- b
CREATE TABLE p1 (a int, b text); INSERT INTO p1 VALUES (2, 'z');
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (1);
--- both
INSERT INTO p VALUES (1, 'x');
