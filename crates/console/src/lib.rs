//! One fold of the journal, drawn by the command line.
