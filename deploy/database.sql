-- 生产数据库的第一步：由数据库管理员执行一次，psql -f database.sql（先把四个密码换成自己的）。
-- 之后每次升级用 credit_owner 执行 `python -m bot migrate`，平时程序用 credit_login 连接：
--   CREDIT_DATABASE_OWNER_URL=postgres://credit_owner:…@主机/credit   （只在升级时需要）
--   CREDIT_DATABASE_URL=postgres://credit_login:…@主机/credit
-- 程序连上以后只担任 credit_app 或 credit_member：能读写业务数据，不拥有任何表，
-- 不能改审计记录，不能 TRUNCATE，不能建表；各自能做什么见 bot/clients/roles.py。

-- 拥有全部表，只用来升级。
CREATE ROLE credit_owner LOGIN PASSWORD 'change-me-owner';

-- 程序担任的角色，都不能登录。credit_app 要整批写入（COPY），所以不受行级规则约束；
-- 会员的请求由 credit_member 执行，只看得到自己企业的行。
CREATE ROLE credit_app NOLOGIN BYPASSRLS;
CREATE ROLE credit_member NOLOGIN;
CREATE ROLE credit_sequencer NOLOGIN;
-- 只有它能写证书的签名；其他和 credit_app 一样。
CREATE ROLE credit_signer NOLOGIN BYPASSRLS IN ROLE credit_app;

-- 后台任务和命令登录用的账号：自己什么都不能做，只能担任上面几个角色。
CREATE ROLE credit_login LOGIN NOINHERIT PASSWORD 'change-me-login';
GRANT credit_app, credit_member, credit_sequencer, credit_signer TO credit_login;

-- 网页进程登录用的账号：不能签名，也不能给审计记录编号。网页进程的环境里写它的地址：
--   CREDIT_DATABASE_URL=postgres://credit_web:…@主机/credit
CREATE ROLE credit_web LOGIN NOINHERIT PASSWORD 'change-me-web';
GRANT credit_app, credit_member TO credit_web;

-- 核对审计记录的人：只读。用自己的账号和另存的公钥、树根核对，不必相信程序的机器：
--   CREDIT_DATABASE_URL=postgres://credit_auditor:…@主机/credit ./run audit verify \
--       --key 编号:公钥 --witness 存下的 head.json
CREATE ROLE credit_auditor LOGIN BYPASSRLS PASSWORD 'change-me-auditor';
GRANT pg_read_all_data TO credit_auditor;

CREATE DATABASE credit OWNER credit_owner ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'
    TEMPLATE template0;
