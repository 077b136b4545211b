"""Jobs that prepare models for where they will run: compile, optimize, recommend, benchmark."""

from __future__ import annotations

from cleanup.kind import Kind
from cleanup.kinds.states import states

COMPILATION_JOB = Kind(
    name="compilation-job",
    list_op="list_compilation_jobs",
    list_key="CompilationJobSummaries",
    id_fields=("CompilationJobName",),
    name_field="CompilationJobName",
    arn_field="CompilationJobArn",
    status_field="CompilationJobStatus",
    on_status=states(
        # Both can be stopped (DeleteCompilationJob, API reference).
        stop_compilation_job="STARTING INPROGRESS",
        wait="STOPPING",
        rest="COMPLETED FAILED STOPPED",
    ),
    forget="delete_compilation_job",
    bills="hour",
)

OPTIMIZATION_JOB = Kind(
    name="optimization-job",
    list_op="list_optimization_jobs",
    list_key="OptimizationJobSummaries",
    id_fields=("OptimizationJobName",),
    name_field="OptimizationJobName",
    arn_field="OptimizationJobArn",
    status_field="OptimizationJobStatus",
    on_status=states(
        stop_optimization_job="STARTING INPROGRESS",
        wait="STOPPING",
        rest="COMPLETED FAILED STOPPED",
    ),
    forget="delete_optimization_job",
    bills="hour",
)

RECOMMENDATIONS_JOB = Kind(
    name="recommendations-job",
    list_op="list_inference_recommendations_jobs",
    list_key="InferenceRecommendationsJobs",
    id_fields=("JobName",),
    name_field="JobName",
    arn_field="JobArn",
    status_field="Status",
    on_status=states(
        # There is no DeleteInferenceRecommendationsJob.
        stop_inference_recommendations_job="PENDING IN_PROGRESS",
        wait="STOPPING DELETING",
        rest="COMPLETED FAILED STOPPED",
        gone="DELETED",
    ),
    bills="hour",
)

AI_BENCHMARK_JOB = Kind(
    name="ai-benchmark-job",
    list_op="list_ai_benchmark_jobs",
    list_key="AIBenchmarkJobs",
    id_fields=("AIBenchmarkJobName",),
    name_field="AIBenchmarkJobName",
    arn_field="AIBenchmarkJobArn",
    status_field="AIBenchmarkJobStatus",
    on_status=states(
        stop_ai_benchmark_job="InProgress", wait="Stopping", rest="Completed Failed Stopped"
    ),
    forget="delete_ai_benchmark_job",
    bills="hour",
)

AI_RECOMMENDATION_JOB = Kind(
    name="ai-recommendation-job",
    list_op="list_ai_recommendation_jobs",
    list_key="AIRecommendationJobs",
    id_fields=("AIRecommendationJobName",),
    name_field="AIRecommendationJobName",
    arn_field="AIRecommendationJobArn",
    status_field="AIRecommendationJobStatus",
    on_status=states(
        stop_ai_recommendation_job="InProgress", wait="Stopping", rest="Completed Failed Stopped"
    ),
    forget="delete_ai_recommendation_job",
    bills="hour",
)

# Not while a running benchmark refers to it (DeleteAIWorkloadConfig, API reference).
AI_WORKLOAD_CONFIG = Kind(
    name="ai-workload-config",
    list_op="list_ai_workload_configs",
    list_key="AIWorkloadConfigs",
    id_fields=("AIWorkloadConfigName",),
    name_field="AIWorkloadConfigName",
    arn_field="AIWorkloadConfigArn",
    always="delete_ai_workload_config",
    after=("ai-benchmark-job", "ai-recommendation-job"),
)
