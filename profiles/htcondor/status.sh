#!/bin/sh
# One of running, success, failed, of the job with this number: condor_q while it is there, then condor_history.
if [ -n "$(condor_q "$1" -af JobStatus 2> /dev/null)" ]; then
    echo running
    exit
fi
# JobStatus 4: completed. The history may know a job seconds later; until then it counts as running.
case $(condor_history "$1" -limit 1 -af JobStatus ExitCode 2> /dev/null) in
    "4 0") echo success ;;
    "") echo running ;;
    *) echo failed ;;
esac
