#!/usr/bin/env bash
# croniter, APScheduler: a schedule of a timer in Azure Functions is taken, without an error, for quite another.
#
# Versions: croniter 7.0.0, APScheduler 3.11.3, cronsim 2.8, cron-descriptor 2.2.1
# Guess: six fields begin with the seconds, as in Azure's NCRONTAB, or are refused; day 1 of the week is Monday, day 0 Sunday.
#   https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer#ncrontab-expressions
# Seen: croniter takes the sixth field for the seconds: four times a day becomes every second from 15:00 on, of four days a
#   month, unless it is told second_at_beginning=True. cronsim and cron-descriptor take the first. APScheduler's from_crontab
#   counts days from Monday as 0: `1` is Tuesday, 0 Monday, and 1-5 leaves Monday out and lets Saturday in.
# For the archive: when the next run is due, and whether one is overdue, is told from PULL_SCHEDULE.
#   shared/domain/schedule.py reads it as the host does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    croniter==7.0.0 APScheduler==3.11.3 cronsim==2.8 cron-descriptor==2.2.1

cat >probe.py <<'END'
from datetime import UTC, datetime
from itertools import islice

from apscheduler.triggers.cron import CronTrigger
from cron_descriptor import get_description
from croniter import croniter
from cronsim import CronSim

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
FOUR_TIMES_A_DAY = "0 15 1,7,13,19 * * *"


def times(found):
    return ", ".join(f"{time:%d %H:%M:%S}" for time in islice(found, 3))


def weekdays(schedule):
    trigger, fired, days = CronTrigger.from_crontab(schedule, timezone="UTC"), MONDAY, set()
    for _ in range(7):
        fired = trigger.get_next_fire_time(fired, fired)
        days.add((fired.isoweekday(), f"{fired:%a}"))
        fired = fired.replace(minute=1)
    return " ".join(name for _, name in sorted(days))


print("croniter:", times(croniter(FOUR_TIMES_A_DAY, MONDAY).all_next(datetime)))
first = croniter(FOUR_TIMES_A_DAY, MONDAY, second_at_beginning=True)
print("croniter, second_at_beginning:", times(first.all_next(datetime)))
print("cronsim:", times(CronSim(FOUR_TIMES_A_DAY, MONDAY)))
print("cron-descriptor:", get_description(FOUR_TIMES_A_DAY))
for schedule in ("0 2 * * 1", "0 2 * * 0", "0 2 * * 1-5"):
    days = sorted({(day.isoweekday(), f"{day:%a}") for day in islice(croniter(schedule, MONDAY).all_next(datetime), 7)})
    print(f"{schedule}: croniter {' '.join(name for _, name in days)}; APScheduler {weekdays(schedule)}")
END

cat >expected <<'END'
croniter: 19 15:00:00, 19 15:00:01, 19 15:00:02
croniter, second_at_beginning: 16 01:15:00, 16 07:15:00, 16 13:15:00
cronsim: 16 01:15:00, 16 07:15:00, 16 13:15:00
cron-descriptor: At 01:15 AM, 07:15 AM, 01:15 PM and 07:15 PM
0 2 * * 1: croniter Mon; APScheduler Tue
0 2 * * 0: croniter Sun; APScheduler Mon
0 2 * * 1-5: croniter Mon Tue Wed Thu Fri; APScheduler Tue Wed Thu Fri Sat
END
venv/bin/python probe.py | tee seen
diff expected seen
echo 'As it was written down.'
