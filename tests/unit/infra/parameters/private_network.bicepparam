// A private network in a group that may be deleted as a whole.
using 'main.bicep'

param name = 'usage'
param location = 'westeurope'
param privateNetwork = true
param lockArchive = false
