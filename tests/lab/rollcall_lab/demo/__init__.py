"""The demo: a day in a company that Rollcall looks after, played on the lab."""
