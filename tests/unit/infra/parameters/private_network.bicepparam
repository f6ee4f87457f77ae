// A private network in a group that may be deleted as a whole, and the products of the directory without its accounts.
using 'main.bicep'

param name = 'usage'
param location = 'westeurope'
param reports = 'aggregates,directory,-users'
param signInActivity = true
param grantGraphPermissions = true
param privateNetwork = true
param lockArchive = false
