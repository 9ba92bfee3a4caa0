"""From answers to text: tables for people, JSON, CSV and ids for programs."""
