#!/bin/sh
# One of running, success, failed, of the PBS job with this number; -x asks for finished jobs too.
qstat -x -f "$1" 2> /dev/null | awk '
    $1 == "job_state" { state = $3 }
    $1 == "Exit_status" { status = $3 }
    END { print state != "F" ? "running" : status == "0" ? "success" : "failed" }'
