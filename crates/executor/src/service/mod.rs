//! The real service manager and its notifications.
