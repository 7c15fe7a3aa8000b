//! Measures: what a run cost the app's users, and how often it was disturbed for nothing.
