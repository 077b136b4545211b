"""The built-in XGBoost algorithm."""
