//! What stands above the flags in `--help`: examples first.

/// For `defib` alone, and at the head of `defib --help`.
pub(crate) const EXAMPLES: &str = "\
Examples:
  defib demo                                                      watch it work
  defib guard http://127.0.0.1:8000/ --start 'gunicorn shop:app'  guard an application
  defib explain last                                              what went wrong, and what was done";

pub(crate) const GUARD: &str = "\
Examples:
  defib guard http://127.0.0.1:8000/ --start 'gunicorn -b 127.0.0.1:8000 shop:app'
  defib guard http://127.0.0.1:8000/ --unit shop.service
  defib guard http://127.0.0.1:8000/ --recover '/usr/local/bin/shop restart'
  defib guard http://127.0.0.1:8000/ --start ... --interval 1s --timeout 1s --window 3s
  defib guard --config shop.toml

Ctrl-C stops the guarding, and the application that --start started.";

pub(crate) const DAEMON: &str = "\
Examples:
  defib daemon
  defib daemon --config /etc/defib/defib.toml

SIGHUP reads the config again; a config with an error leaves the last good one running.
SIGTERM stops within 2 s; the applications live on.";

pub(crate) const INSTALL: &str = "\
Examples:
  sudo defib install             cron starts defib at boot, and again when it is gone
  sudo defib install --remove
  defib install --dry-run        what the table would be

Where systemd runs: systemctl enable --now defib.service";

pub(crate) const STATUS: &str = "\
Examples:
  defib status
  defib status shop -v
  defib status --json | jq '.agents[].apps[] | select(.state != \"up\")'
  defib status --nagios

Exit codes with --nagios: 0 up, 1 slow, held or recovering, 2 down, 3 unknown.";

pub(crate) const INCIDENTS: &str = "\
Examples:
  defib incidents
  defib incidents shop -n 5
  defib incidents --json";

pub(crate) const EXPLAIN: &str = "\
Examples:
  defib explain last
  defib explain 4
  defib explain 4 --json | jq .summary";

pub(crate) const WHY: &str = "\
Examples:
  defib why shop
  defib why shop --json";

pub(crate) const HOLD: &str = "\
Examples:
  defib hold shop 10m --reason deploy
  defib hold '*' 1h

A hold always ends by itself. Looking goes on; only acts are held back.";

pub(crate) const RELEASE: &str = "\
Examples:
  defib release shop
  defib release '*'";

pub(crate) const RESUME: &str = "\
Examples:
  sudo defib resume

After two reboots that did not help, the machine is not rebooted for 24 h, or until somebody has looked and
says this. Budgets stay as they are. Only the user that defib runs as (root) may say it.";

pub(crate) const DRILL: &str = "\
Examples:
  defib drill shop --kill
  defib drill shop --hang --yes

The fault is real: whoever uses the application sees it. After 60 s it is undone whatever happened.
The act that heals it is charged to the application's budget.
Exit codes: 0 healed, 1 not healed, or refused.";

pub(crate) const PROBE: &str = "\
Examples:
  defib probe http://127.0.0.1:8000/
  defib probe https://shop.example/ --expect 200-299,401 --timeout 2s
  defib probe http://127.0.0.1:8000/ || reboot       (the old cron line, with a deadline)

Exit codes: 0 OK, 1 slow, 2 critical, 3 could not look (a wrong argument too).";

pub(crate) const CHECK: &str = "\
Examples:
  defib check
  defib check shop.toml --strict

Exit codes: 0 good, 1 errors (with --strict warnings too), 2 usage, 3 could not be read.";

pub(crate) const DOCTOR: &str = "\
Examples:
  defib doctor
  sudo defib doctor --config /etc/defib/defib.toml
  defib doctor --json | jq -r '.findings[].what'

Reads files and asks the running agent; changes nothing. Root sees more: what was not seen is said.
Exit codes: 0 nothing to say, 1 advice, 2 something that the config counts on is impossible.";
pub(crate) const IMPORT: &str = "\
Examples:
  defib import cron --no-input               what would become of the old lines
  sudo defib import cron                     the same, and after a yes it is done
  sudo defib import cron --yes --allow-reboot
  sudo defib import cron --undo              the old lines are back
  crontab -l | defib import cron -

Reads crontabs and the scripts that they name; nothing of them is run.
Exit codes: 0 done, 1 nothing was understood, or not all could be done.";

pub(crate) const REPLAY: &str = "\
Examples:
  defib replay
  defib replay /var/lib/defib/journal
  defib replay --weight timeout_db=+1

Exit codes: 0 every decision is the same, 1 one is not, 3 nothing could be replayed.";

pub(crate) const DEMO: &str = "\
Example:
  defib demo

Starts small web applications on loopback, breaks each in its own way, and heals them.
Needs no root, touches nothing else, and takes less than two minutes.";
