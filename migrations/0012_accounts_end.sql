-- What an account was given holds for the person, the role and the record that it was given to. Whoever writes, with whatever version of
-- SQLite and with foreign keys or without: an account that goes leaves nothing behind, and one that comes finds nothing, though it may get
-- the row number of one that was there before.
CREATE TRIGGER gw_users__gone AFTER DELETE ON users
BEGIN
    DELETE FROM gw_sessions WHERE user_id = OLD.id;
    DELETE FROM gw_families WHERE user_id = OLD.id;
    DELETE FROM gw_grants WHERE user_id = OLD.id;
    DELETE FROM gw_authorizations WHERE user_id = OLD.id;
    DELETE FROM gw_launches WHERE user_id = OLD.id;
    DELETE FROM gw_totp WHERE user_id = OLD.id;
    DELETE FROM gw_recovery_codes WHERE user_id = OLD.id;
    DELETE FROM gw_passkeys WHERE user_id = OLD.id;
    DELETE FROM gw_identities WHERE user_id = OLD.id;
    DELETE FROM gw_notices WHERE user_id = OLD.id;
    DELETE FROM notifications WHERE user_id = OLD.id;
END;

-- A row that is replaced is not always told of (`INSERT OR REPLACE`), and one may have gone before there was a trigger.
CREATE TRIGGER gw_users__new AFTER INSERT ON users
BEGIN
    DELETE FROM gw_sessions WHERE user_id = NEW.id;
    DELETE FROM gw_families WHERE user_id = NEW.id;
    DELETE FROM gw_grants WHERE user_id = NEW.id;
    DELETE FROM gw_authorizations WHERE user_id = NEW.id;
    DELETE FROM gw_launches WHERE user_id = NEW.id;
    DELETE FROM gw_totp WHERE user_id = NEW.id;
    DELETE FROM gw_recovery_codes WHERE user_id = NEW.id;
    DELETE FROM gw_passkeys WHERE user_id = NEW.id;
    DELETE FROM gw_identities WHERE user_id = NEW.id;
    DELETE FROM gw_notices WHERE user_id = NEW.id;
    DELETE FROM notifications WHERE user_id = NEW.id;
END;

-- Another name, role or record: another person, or the same one who was asked as somebody else. What was granted ends; how the person
-- signs in stays.
CREATE TRIGGER gw_users__other AFTER UPDATE OF id, username, role, patient_id, doctor_id, person_ref ON users
WHEN (NEW.id, NEW.username COLLATE BINARY, NEW.role, NEW.patient_id, NEW.doctor_id, NEW.person_ref)
     IS NOT (OLD.id, OLD.username COLLATE BINARY, OLD.role, OLD.patient_id, OLD.doctor_id, OLD.person_ref)
BEGIN
    DELETE FROM gw_sessions WHERE user_id IN (OLD.id, NEW.id);
    DELETE FROM gw_authorizations WHERE user_id IN (OLD.id, NEW.id);
    DELETE FROM gw_launches WHERE user_id IN (OLD.id, NEW.id);
    UPDATE gw_families SET revoked_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000, reason = 'account changed'
    WHERE user_id IN (OLD.id, NEW.id) AND revoked_at IS NULL;
    UPDATE gw_grants SET revoked_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000 WHERE user_id IN (OLD.id, NEW.id) AND revoked_at IS NULL;
END;
