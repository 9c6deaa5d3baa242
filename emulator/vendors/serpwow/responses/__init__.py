"""The responses of SerpWow."""
