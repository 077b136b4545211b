"""A local AWS: moto, plus what moto lacks of SageMaker and CloudFormation."""
