-- The accounts of a warehouse on PostgreSQL: for each kind of work one, with the rights that it needs and no others.
-- A superuser runs this in the warehouse's database, before the first `activation-sync migrate` or at any time later;
-- running it again changes nothing. What each account may do with each table, `activation-sync migrate` says: run it
-- afterwards, as the owner.
--     psql --dbname=warehouse --file=deployments/roles.sql
-- The accounts get no password here, so by password nobody can use them yet: RUNBOOK.md, "Accounts of the database".
\set ON_ERROR_STOP on

--   activation_sync_owner    owns the warehouse and its tables: `migrate`, nothing else
--   activation_sync_job      nights and commands: reads and writes rows, and only adds to the ledger
--   activation_sync_reader   tools for BI: the views bi_*, nothing else
--   activation_sync_prefect  the Prefect server, in a database of its own
SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', name)
FROM unnest(string_to_array('activation_sync_owner activation_sync_job activation_sync_reader activation_sync_prefect', ' '))
    AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

-- nobody may connect, make temporary tables, or make tables, only because the database is there
SELECT format('ALTER DATABASE %I OWNER TO activation_sync_owner', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO activation_sync_job, activation_sync_reader', current_database()) \gexec
ALTER SCHEMA public OWNER TO activation_sync_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- a warehouse that another account made until now
SELECT format('ALTER %s public.%I OWNER TO activation_sync_owner', CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname)
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v') \gexec
SELECT format('ALTER FUNCTION %s OWNER TO activation_sync_owner', oid::regprocedure)
FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prorettype = 'trigger'::regtype \gexec

SELECT 'CREATE DATABASE prefect ENCODING ''UTF8'' TEMPLATE template0 OWNER activation_sync_prefect'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'prefect') \gexec
REVOKE ALL ON DATABASE prefect FROM PUBLIC;
