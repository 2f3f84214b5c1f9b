import common; print("web of", common.NAME)
