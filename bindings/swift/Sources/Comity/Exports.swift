// Values, and everything that is not the client, are as uniffi writes them.
@_exported import ComityEngine
