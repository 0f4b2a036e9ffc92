#!/bin/sh
# submit.sh CORES MB GPUS MINUTES SCRIPT: hands a script to HTCondor and prints the job's number.
set -eu
mkdir -p logs/htcondor
condor_submit -terse /dev/stdin << END | cut -d ' ' -f 1
# EDIT: what your pool wants of every job.
# accounting_group = mygroup
executable = $5
initialdir = $PWD
getenv = true
environment = "G2RL_CORES=$1"
# All nodes see the folder it was started in.
should_transfer_files = NO
request_cpus = $1
request_memory = ${2}MB
request_gpus = $3
# Over its time or memory a job is held: it is removed at once, so that Snakemake runs it again with more.
allowed_execute_duration = $(($4 * 60))
periodic_remove = JobStatus == 5
output = logs/htcondor/\$(Cluster).log
error = logs/htcondor/\$(Cluster).log
log = logs/htcondor/\$(Cluster).events
queue
END
