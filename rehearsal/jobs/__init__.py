"""Jobs and endpoints executed for real, as child processes under the container contract."""
