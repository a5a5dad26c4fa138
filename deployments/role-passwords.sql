-- PostgreSQL's container runs this after roles.sql, once, when its volume is new: each account gets the password of its file.
\set ON_ERROR_STOP on
\set owner `cat /run/secrets/owner-password`
\set job `cat /run/secrets/job-password`
\set reader `cat /run/secrets/reader-password`
\set prefect `cat /run/secrets/prefect-password`
ALTER ROLE activation_sync_owner PASSWORD :'owner';
ALTER ROLE activation_sync_job PASSWORD :'job';
ALTER ROLE activation_sync_reader PASSWORD :'reader';
ALTER ROLE activation_sync_prefect PASSWORD :'prefect';
