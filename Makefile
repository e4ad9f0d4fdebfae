# The tasks of run.py, for those who have make.
.PHONY: demo test check tex lock
demo test check tex lock:
	python3.11 run.py $@
