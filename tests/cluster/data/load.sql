-- SPDX-License-Identifier: GPL-2.0-or-later
create table files (path text primary key, hash text);
.separator " "
.import files.txt files
create index by_hash on files (hash);
alter table files add column folder text;
update files set folder = case instr(path, '/') when 0 then '.' else substr(path, 1, instr(path, '/') - 1) end;
