#!/bin/sh
# One of running, success, failed, of the job of this name; while the API server does not answer, it counts as running.
status=$(kubectl get job "$1" --ignore-not-found -o 'jsonpath=done {.status.succeeded}-{.status.failed}' 2> /dev/null) || {
    echo running
    exit
}
case $status in
    "done 1-"*) echo success ;;
    "done -") echo running ;;
    *) echo failed ;; # its pod failed, or somebody deleted the job
esac
