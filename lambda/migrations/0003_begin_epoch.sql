-- How a failover begins an epoch: forward only, by a user who can do nothing else.

-- Waits for the settlements that hold the current epoch; after it, none of an older one can commit. Run again for the
-- same region it changes nothing; for another region, or backwards, it fails.
CREATE FUNCTION ledger.begin_epoch(wanted bigint, in_region text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    held bigint;
BEGIN
    SELECT epoch INTO STRICT held FROM ledger.current_epoch FOR UPDATE;
    IF wanted > held THEN
        INSERT INTO ledger.epochs (epoch, region) VALUES (wanted, in_region);
        UPDATE ledger.current_epoch SET epoch = wanted;
    ELSIF wanted < held OR NOT EXISTS (SELECT FROM ledger.epochs WHERE epoch = wanted AND region = in_region) THEN
        RAISE EXCEPTION 'epoch % cannot begin in %: the ledger is in epoch %', wanted, in_region, held
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    RETURN wanted;
END
$$;

REVOKE ALL ON FUNCTION ledger.begin_epoch(bigint, text) FROM PUBLIC;

DO $$
BEGIN
    -- As for ledger_application: roles belong to the whole server.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'ledger_failover') THEN
        CREATE ROLE ledger_failover NOLOGIN;
    END IF;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO ledger_failover', current_database());
END
$$;
GRANT USAGE ON SCHEMA ledger TO ledger_failover;
GRANT EXECUTE ON FUNCTION ledger.begin_epoch(bigint, text) TO ledger_failover;
