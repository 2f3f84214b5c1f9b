//! Locks that are made anew, against machines in memory.
