-- The application's database before the deploy: a small shop.

CREATE TYPE order_state AS ENUM ('open', 'paid', 'shipped', 'returned');

CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    country character(2) NOT NULL DEFAULT 'DE',
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN users.email IS 'lower case; checked by the application';

CREATE TABLE products (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    price_cents integer NOT NULL CHECK (price_cents > 0)
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES products (id),
    quantity smallint NOT NULL DEFAULT 1,
    total_cents integer NOT NULL,
    state order_state NOT NULL DEFAULT 'open',
    placed_at timestamptz NOT NULL
);
CREATE INDEX idx_orders_user ON orders (user_id, placed_at DESC);
CREATE INDEX idx_orders_open ON orders (placed_at) WHERE state = 'open';

CREATE VIEW order_overview AS
SELECT o.id, u.email, p.name AS product, o.total_cents, o.state
FROM orders o
JOIN users u ON u.id = o.user_id
JOIN products p ON p.id = o.product_id;

CREATE VIEW revenue_by_country AS
SELECT u.country, count(*) AS orders, sum(o.total_cents) AS cents
FROM orders o
JOIN users u ON u.id = o.user_id
WHERE o.state <> 'returned'
GROUP BY u.country;

CREATE MATERIALIZED VIEW sales_by_day AS
SELECT date_trunc('day', placed_at, 'UTC') AS day, count(*) AS orders, sum(total_cents) AS cents
FROM orders
GROUP BY 1;
CREATE UNIQUE INDEX sales_by_day_day ON sales_by_day (day);

INSERT INTO users (email, name, country, created_at)
SELECT
    format('user%s@shop.example', n),
    format('User %s', n),
    (ARRAY['DE', 'FR', 'ES', 'PL', 'IT'])[1 + n % 5],
    timestamptz '2026-01-01 00:00Z' + n * interval '11 minutes'
FROM generate_series(1, 2000) AS n;

INSERT INTO products (name, price_cents)
SELECT format('Product %s', n), 199 + n * 37 FROM generate_series(1, 50) AS n;

INSERT INTO orders (user_id, product_id, quantity, total_cents, state, placed_at)
SELECT
    1 + n * 7 % 2000,
    p.id,
    1 + n % 3,
    (1 + n % 3) * p.price_cents,
    (enum_range(NULL::order_state))[1 + n % 4],
    timestamptz '2026-02-01 00:00Z' + n * interval '7 minutes'
FROM generate_series(1, 5000) AS n
JOIN products p ON p.id = 1 + n % 50;

REFRESH MATERIALIZED VIEW sales_by_day;
ANALYZE;
