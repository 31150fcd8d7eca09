-- A server that answers but cannot be listed is in trouble until a listing succeeds, whatever else does:
-- in null or 'reach' anything that reaches it ends the trouble, in 'walk' only a walk.
alter table servers add column fault_in text check (fault_in in ('reach', 'walk'));
