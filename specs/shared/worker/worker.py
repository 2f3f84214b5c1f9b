import common; print("worker of", common.NAME)
