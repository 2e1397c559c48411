"""Layers that turn raw data into what a network takes: numbers, categories, texts, sounds."""
