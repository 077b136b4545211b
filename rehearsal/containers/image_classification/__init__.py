"""The wire contract of the built-in image classification algorithm around a small classifier.

Channels, formats, hyperparameters, requests and replies are AWS's. The network is not: instead
of a ResNet there is softmax regression on small pictures and their edges, no pretrained weights
are used, and the hyperparameters of network and optimiser are validated and have no effect
(`epochs` bounds the iterations). It tells apart what differs in colour and coarse shape, trains
in seconds without a GPU, and gives probabilities; how well a ResNet would do it cannot show.
"""
