// What wakes a person. Every alarm asks the event lines of the app (shared/events.py), or the requests that the
// Functions host logs, and goes out by itself when its condition is over. What to do: docs/operations.md, Alarms.

@description('Azure region: that of the app.')
param location string

@description('Begins the name of every rule.')
param name string

@description('Id of the Application Insights component that the app logs to.')
param insightsId string

@description('Who is told.')
param actionGroupIds array

@description('Whether the app archives the tenants of a provider\'s customers.')
param hasTenants bool

@description('Days after its refresh date at which the newest snapshot of a call counts as stale.')
param staleAfterDays int

// One row for each call of each run, as it ended.
var pulls = '''
traces
| where message startswith 'pull.'
| parse message with 'pull.' outcome ' ' json
| extend facts = parse_json(json)
| extend call = tostring(facts.call), reason = tostring(facts.reason), refreshed = todatetime(facts.refresh_date), tenant = tostring(facts.tenant)
'''

// The newest run, of each tenant where there are many, if it left something that time does not heal: run.failed is the
// last line of such a run.
var needsPerson = '''
traces
| where message startswith 'run.finished' or message startswith 'run.failed'
| parse message with event ' ' json
| extend facts = parse_json(json)
| extend tenant = tostring(facts.tenant), failure = iff(event == 'run.failed', timestamp, todatetime(''))
| summarize last = max(timestamp), failed = max(failure) by tenant
| where failed == last
'''

var finishedRuns = '''
traces
| where message startswith 'run.finished'
'''

// Calls of which even the newest snapshot is old. Single days, which are old by nature, do not count.
var stale = '''
| where call !contains 'date='
| summarize newest = max(refreshed) by call, tenant
| where newest < ago(tolerance)
'''

// Calls that were asked for within 18 hours, which by default are three runs, and got no answer. Graph shows the
// refresh date of a period until the next one appears, about a day later; a single day for 27 days, of which a week
// must be left. A period without data counts if it had some before; a day without data is one on which nobody did
// anything.
var atRisk = '''
| extend recent = timestamp > ago(18h), answered = outcome in ('published', 'unchanged', 'revised')
| extend missed = outcome in ('deferred', 'quarantined', 'refused') and not(reason in ('unknown_in_this_cloud', 'not_switched_on'))
| summarize tries = countif(recent), answers = countif(recent and answered), misses = countif(recent and missed), earlier = countif(not(recent) and answered) by call, tenant
| where tries > 0 and answers == 0
| extend day = todatetime(extract('date=([0-9-]+)', 1, call))
| where (isnull(day) and (misses > 0 or earlier > 0)) or (day < ago(20d) and misses > 0)
'''

var flipped = '''
traces
| where message startswith 'names.changed'
'''

// A tenant without a run while two were due, or a message on which all attempts failed, as the Functions host logs it.
var stopped = '''
traces
| where message startswith 'tenant.stopped' or message contains 'pulls-poison'
'''

var rules = [
  {
    name: 'pull-needs-a-person'
    description: 'The newest run left calls that time does not heal: a permission is missing, Graph refuses a call, or a body was not the report. run.failed in the log names them.'
    severity: 2
    every: 'PT15M'
    window: 'P1D'
    query: needsPerson
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'no-run-for-a-day'
    description: 'No run of the timer function pull came to its end for a day. Refresh dates are lost from the second day on.'
    severity: 1
    every: 'PT1H'
    window: 'P1D'
    query: finishedRuns
    operator: 'LessThan'
    threshold: 1
  }
  {
    name: 'report-stale'
    description: 'The newest snapshot of these calls is older than ${staleAfterDays} days, though Graph answers: Microsoft publishes late.'
    severity: 3
    every: 'PT1H'
    window: 'P1D'
    query: 'let tolerance = ${staleAfterDays}d;\n${pulls}${stale}'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'date-at-risk'
    description: 'These calls got no answer for 18 hours. What Graph shows now is about to be lost for good.'
    severity: 1
    every: 'PT1H'
    window: 'P2D'
    query: '${pulls}${atRisk}'
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    name: 'names-flipped'
    description: 'Names in these reports were readable and are now concealed, or the other way round: somebody changed the setting for the whole tenant. names.changed in the log says which.'
    severity: 3
    every: 'PT1H'
    window: 'P1D'
    query: flipped
    operator: 'GreaterThan'
    threshold: 0
  }
  {
    // Power Query asks again three times, so one query that fails for good is four answers.
    name: 'api-errors'
    description: 'Callers got four or more errors of ours (5xx) within a quarter of an hour. request.failed in the log says why.'
    severity: 2
    every: 'PT15M'
    window: 'PT15M'
    query: 'requests\n| where resultCode startswith \'5\'\n'
    operator: 'GreaterThanOrEqual'
    threshold: 4
  }
]

var ofTenants = [
  {
    name: 'tenant-stopped'
    description: 'Tenants had no run while two were due, or every attempt of a run failed. tenant.stopped in the log and /api/tenants name them.'
    severity: 2
    every: 'PT1H'
    window: 'P1D'
    query: stopped
    operator: 'GreaterThan'
    threshold: 0
  }
]

resource alarms 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in concat(rules, hasTenants ? ofTenants : []): {
    name: '${name}-${rule.name}'
    location: location
    kind: 'LogAlert'
    properties: {
      displayName: rule.name
      description: rule.description
      severity: rule.severity
      enabled: true
      scopes: [insightsId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      autoMitigate: true
      skipQueryValidation: true // there are no tables before the first line is logged
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: rule.operator
            threshold: rule.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: actionGroupIds }
    }
  }
]
