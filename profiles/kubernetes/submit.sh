#!/bin/sh
# submit.sh CORES MB GPUS MINUTES SCRIPT: hands a script to Kubernetes and prints the job's name.
set -eu
# EDIT: the image of ../../Dockerfile, the claim of the volume, and where it is mounted: the folder of the repository
# and the datasets lie on it.
IMAGE=${G2RL_IMAGE:-registry.example/g2rl:latest}
CLAIM=${G2RL_CLAIM:-g2rl}
MOUNT=${G2RL_MOUNT:-/g2rl}
job=$(kubectl create -o name -f - << END
apiVersion: batch/v1
kind: Job
metadata:
  generateName: g2rl-
spec:
  backoffLimit: 0  # Snakemake runs it again, with more memory and time
  ttlSecondsAfterFinished: 86400
  template:
    spec:
      activeDeadlineSeconds: $(($4 * 60))  # of running, not of waiting for a GPU
      restartPolicy: Never
      containers:
        - name: job
          image: $IMAGE
          workingDir: $PWD
          command: [/bin/sh, $5]
          env: [{name: G2RL_CORES, value: "$1"}]
          resources:
            requests: {cpu: "$1", memory: ${2}M}
            limits: {memory: ${2}M, nvidia.com/gpu: "$3"}
          volumeMounts:
            - {name: shared, mountPath: $MOUNT}
      volumes:
        - name: shared
          persistentVolumeClaim: {claimName: $CLAIM}
END
)
echo "${job#*/}"
