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
--- case a partition that another one had replaced takes its place again
--- both
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
--- a
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p VALUES (1, 'x'), (1, NULL);
--- b
CREATE TABLE p1 (a int, b text);
INSERT INTO p1 VALUES (1, 'x'), (1, NULL);
CREATE UNIQUE INDEX own ON p1 (b);
CREATE TABLE p2 PARTITION OF p DEFAULT PARTITION BY LIST (b);
CREATE TABLE p3 PARTITION OF p2 DEFAULT;
INSERT INTO p VALUES (1, 'x'), (1, 'y'), (1, NULL), (1, NULL);
