-- The deploy that goes wrong: an optimization of the database.

ALTER TABLE users ADD COLUMN performance_score integer;
UPDATE users SET performance_score = (id * 37 % 100)::integer;

CREATE INDEX idx_user_performance ON users (performance_score, created_at);
CREATE INDEX idx_dashboard_optimize ON orders (state, placed_at DESC) INCLUDE (total_cents);
DROP INDEX idx_orders_open;

CREATE MATERIALIZED VIEW user_stats_mv AS
SELECT u.id AS user_id, u.performance_score, count(o.id) AS orders
FROM users u
LEFT JOIN orders o ON o.user_id = u.id
GROUP BY u.id;

-- Totals may get large now: the type changes, under two views and a materialized view.
DROP VIEW revenue_by_country;
DROP VIEW order_overview;
DROP MATERIALIZED VIEW sales_by_day;
ALTER TABLE orders ALTER COLUMN total_cents TYPE bigint;

CREATE VIEW order_overview AS
SELECT o.id, u.email, p.name AS product, o.total_cents, o.state
FROM orders o
JOIN users u ON u.id = o.user_id
JOIN products p ON p.id = o.product_id;

CREATE VIEW revenue_by_country AS
SELECT u.country, count(*) AS orders, sum(o.total_cents) AS cents
FROM orders o
JOIN users u ON u.id = o.user_id
GROUP BY u.country;

CREATE MATERIALIZED VIEW sales_by_day AS
SELECT date_trunc('day', placed_at, 'UTC') AS day, count(*) AS orders, sum(total_cents) AS cents
FROM orders
GROUP BY 1;
CREATE UNIQUE INDEX sales_by_day_day ON sales_by_day (day);

CREATE MATERIALIZED VIEW dashboard_summary_mv AS
SELECT country, orders, cents, cents / orders AS average_cents FROM revenue_by_country;

ANALYZE;
