#!/bin/sh
# One of running, success, failed, of the job with this number: qstat while it is there, then qacct.
if qstat -j "$1" > /dev/null 2>&1; then
    case $(qstat | awk -v job="$1" '$1 == job { print $5; exit }') in
        *E*) echo failed ;; # it could not be started and never will be
        *) echo running ;;
    esac
    exit
fi
# qacct knows a job seconds after qstat has forgotten it; until then it counts as running.
status=$(qacct -j "$1" 2> /dev/null | awk '
    $1 == "failed" || $1 == "exit_status" { known = 1; bad = bad || $2 != 0 }
    END { print !known ? "unknown" : bad ? "failed" : "success" }')
# One that was deleted while it waited is never known to it: after five minutes it counts as failed.
unknown=logs/sge/$1.unknown
if [ "$status" = unknown ]; then
    mkdir -p logs/sge
    [ -e "$unknown" ] || : > "$unknown"
    status=running
    [ -z "$(find "$unknown" -mmin +5)" ] || status=failed
else
    rm -f "$unknown"
fi
echo "$status"
