# %% [markdown]
# ## If a job fails
#
# The cell that waits ends with AWS's `FailureReason`. It also stands on the page of the job or
# endpoint in the console, and in what `aws sagemaker describe-training-job --training-job-name`
# and the job's name print (likewise `describe-transform-job`, `describe-endpoint`). What the
# container said is in CloudWatch under *Logs > Log groups*: `/aws/sagemaker/TrainingJobs`,
# `/aws/sagemaker/TransformJobs`, or `/aws/sagemaker/Endpoints/` and the endpoint's name.
#
# - the name of a hyperparameter: misspelt, or out of its range. The reason says what is allowed.
# - `No S3 objects found under S3 URL`: an empty channel. `aws s3 ls` with that URL; run the cells
#   again that put the data there.
# - an unknown `ContentType`, or a value that cannot be parsed: the content type does not fit the
#   file, or the CSV has a header. Numbers only, the target first.
# - `Could not find model data`: the artifact is missing. It is there once training has ended:
#   compare the URL with the job's `ModelArtifacts`.
# - `did not pass the ping health check`: the container cannot load the model. Read the endpoint's
#   log; the artifact must fit the image and its library.
# - status 413, or a payload that is too large: for the container, for SageMaker, or in a transform
#   for `MaxPayloadInMB`. Ask in pieces of at most 6 MB; split a transform's file by `Line`.
# - `ExecuteUserScriptError`, exit code 1: a script has raised an error. Its traceback ends the log;
#   run the script here first.
# - status `Stopped`, `MaxRuntimeExceeded`: a script that hangs, or has too much to do. See the
#   log's last line; make it less, or allow more in the `StoppingCondition`, as far as your role
#   may.
# - `No space left on device`: the disk is full of data, checkpoints or models. Ask for a larger
#   volume (`VolumeSizeInGB`), or write less.
# - `ResourceLimitExceeded`: the account has no more machines of this type. Wait, or tell your
#   instructor: `workshop check` shows the quotas.
# - `AccessDenied`: a name, tag, machine or run time that your role does not allow. Keep to those of
#   this lab.
#
# Names are given once only: to begin anew, run the cells from the first one, which makes new ones.
