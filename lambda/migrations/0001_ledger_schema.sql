-- What the health check needs: a role of the functions that may connect to this database and look into the ledger.
-- Tables come with the code that fills them.
DO $$
BEGIN
    -- Roles belong to the whole server: another database of it may have brought this one already.
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'ledger_application') THEN
        CREATE ROLE ledger_application NOLOGIN;
    END IF;
    -- By default every role may connect, and create temporary tables.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO ledger_application', current_database());
END
$$;

CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ledger TO ledger_application;
