-- What an app is told of the page around it when it is opened: whether it has to say whose record it shows, and in which colours.
ALTER TABLE gw_launches ADD COLUMN banner INTEGER NOT NULL DEFAULT 1 CHECK (banner IN (0, 1));
ALTER TABLE gw_launches ADD COLUMN style TEXT NOT NULL DEFAULT 'light' CHECK (style IN ('light', 'dark'));
