//! A world of clients, a hub and follower providers over a seeded, unreliable link. Never shipped.
