"""The lab: a throwaway company directory and two federating homeservers on loopback, and what drives them."""
