-- PostgreSQL runs this once, when its volume is new: Prefect's records beside the warehouse, in a database of their own.
CREATE DATABASE prefect;
