-- What settlement writes: each payment once, under the epoch of the region that settled it, and what contradicts it.

-- Every failover begins an epoch. Only the newest may write: what an old region still has in its hands is refused here.
CREATE TABLE ledger.epochs (
    epoch bigint PRIMARY KEY CHECK (epoch > 0),
    region text NOT NULL CHECK (region ~ '^[a-z]{2}(-[a-z]+)+-[0-9]$'),
    began_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE ledger.current_epoch (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL REFERENCES ledger.epochs
);

-- The migration runs in the region that settles first; it says so with this setting.
INSERT INTO ledger.epochs (epoch, region) VALUES (1, current_setting('ledger.region'));
INSERT INTO ledger.current_epoch (epoch) VALUES (1);

CREATE TABLE ledger.payments (
    payment_id text PRIMARY KEY CHECK (payment_id ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'),
    body_sha256 text NOT NULL CHECK (body_sha256 ~ '^[0-9a-f]{64}$'),
    -- In minor units of the currency.
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    status text NOT NULL DEFAULT 'settled' CHECK (status IN ('settled')),
    -- Where the payment was accepted; the epoch says where it was settled.
    region text NOT NULL CHECK (region ~ '^[a-z]{2}(-[a-z]+)+-[0-9]$'),
    epoch bigint NOT NULL REFERENCES ledger.epochs,
    accepted_at timestamptz NOT NULL,
    settled_at timestamptz NOT NULL DEFAULT now()
);

-- The same id with other content, accepted in the other region before the first had arrived there: never settled.
CREATE TABLE ledger.conflicts (
    payment_id text NOT NULL REFERENCES ledger.payments,
    body_sha256 text NOT NULL CHECK (body_sha256 ~ '^[0-9a-f]{64}$'),
    amount bigint NOT NULL CHECK (amount > 0),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    region text NOT NULL CHECK (region ~ '^[a-z]{2}(-[a-z]+)+-[0-9]$'),
    epoch bigint NOT NULL REFERENCES ledger.epochs,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (payment_id, body_sha256)
);

-- Locks the current epoch until the transaction ends, so that none can begin in between. A function with its owner's
-- rights, because a lock needs the right to change the row, which settlement must not have.
CREATE FUNCTION ledger.hold_epoch() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'SELECT epoch FROM ledger.current_epoch FOR SHARE';

CREATE FUNCTION ledger.refuse_old_epoch() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    IF NEW.epoch <> ledger.hold_epoch() THEN
        RAISE EXCEPTION 'epoch % is not the current one', NEW.epoch USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER of_the_current_epoch BEFORE INSERT ON ledger.payments
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_old_epoch();
CREATE TRIGGER of_the_current_epoch BEFORE INSERT ON ledger.conflicts
    FOR EACH ROW EXECUTE FUNCTION ledger.refuse_old_epoch();

REVOKE ALL ON FUNCTION ledger.hold_epoch(), ledger.refuse_old_epoch() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ledger.hold_epoch() TO ledger_application;
GRANT SELECT, INSERT ON ledger.payments, ledger.conflicts TO ledger_application;
GRANT SELECT ON ledger.epochs, ledger.current_epoch TO ledger_application;
