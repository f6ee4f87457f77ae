// What a deployment gets that chooses nothing.
using 'main.bicep'

param name = 'usage'
param location = 'westeurope'
