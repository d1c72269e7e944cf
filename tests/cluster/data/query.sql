-- SPDX-License-Identifier: GPL-2.0-or-later
select count(*), count(distinct folder), min(path), max(path), sum(length(hash)) from files;
select folder, count(*), round(avg(length(path)), 3), max(hash) from files group by folder order by 2 desc, 1 limit 12;
with recursive ends (path, rest) as (
  select path, path from files
  union all
  select path, substr(rest, instr(rest, '.') + 1) from ends where instr(rest, '.') > 0)
select rest, count(*) from ends where instr(rest, '.') = 0 and rest <> path group by rest order by 2 desc, 1 limit 8;
select a.path, b.path from files a join files b on substr(a.hash, 1, 3) = substr(b.hash, 1, 3) and a.path < b.path
  order by a.path, b.path limit 10;
select path, rank() over (order by length(path) desc, path) from files limit 5;
select printf('%.6f', sqrt(count(*)) + log(count(*))) from files where hash glob '*a*f*';
pragma integrity_check;
