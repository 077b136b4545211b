"""The built-in k-means algorithm.

Web-scale mini-batch k-means with extra centers, reduced to k by Lloyd's algorithm, as "How
K-Means Clustering Works" describes it
(https://docs.aws.amazon.com/sagemaker/latest/dg/algo-kmeans-tech-notes.html). The model file has
AWS's name and not its format (MXNet): models move between jobs and endpoints here, not to AWS.
"""
