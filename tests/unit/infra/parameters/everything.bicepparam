// Every option on, and the longest name.
using 'main.bicep'

param name = 'nnnnnnnnnnnnnnnn'
param location = 'westeurope'
param reports = 'all\n Directory'
param signInActivity = true
param delta = true
param grantGraphPermissions = true
param tenants = '@'
param alertEmail = 'owner@contoso.com'
param staleAfterDays = 21
param personalRetentionDays = 365
param quarantineDays = 30
param immutabilityDays = 3650
param auditArchive = true
param privateNetwork = true
param zoneRedundant = true
param entraClientId = '11111111-2222-3333-4444-555555555555'
param entraHost = 'reports.contoso.com'
param httpConcurrency = 7
