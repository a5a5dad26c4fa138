"""Microsoft Graph over HTTP: tokens (MSAL), what answers mean, downloads and updates, clouds.

Doors: answers, auth, client, clouds, download, route, waits.
"""
