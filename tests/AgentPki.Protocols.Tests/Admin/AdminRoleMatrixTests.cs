using System.Text.RegularExpressions;
using AgentPki.Authority.Governance;
using AgentPki.Protocols.Admin;

namespace AgentPki.Protocols.Tests.Admin;

/// <summary>The table in <c>docs/roles.md</c> against the appliance as it answers.</summary>
public sealed partial class AdminRoleMatrixTests
{
    private const string Denied = "this wants the role";
    private const string NotOwned = "has the role owner for";

    /// <summary>What operations that wait for a second person can be asked with.</summary>
    private static readonly Dictionary<string, string> WaitingBodies = new(StringComparer.Ordinal)
    {
        ["openAcmeIncident"] = """{"all":true,"reason":"a reason","lifetime":60}""",
        ["startCampaign"] = """{"name":"c","to":"ecdsa-p384","share":1}""",
        ["raiseCampaign"] = """{"share":10}""",
        ["rollBackCampaign"] = """{"share":0}""",
        ["applyRegistryRules"] = """{"yaml":"tiers: {low: {register: [owner]}}"}""",
        ["applyWatchRules"] = """{"yaml":"responsesAnHour: 3"}""",
        ["liftAgentLimits"] = """{"id":"spiffe://agents.test/agent/a"}""",
        ["startSuccession"] = """{"authority":"issuing","keyAlgorithm":"ecdsa-p384"}""",
        ["setAdministratorRoles"] = """{"roles":["auditor"]}""",
    };

    [Fact]
    public void Table_HasEveryOperationAndNoOther() =>
        Assert.Equal(AdminEndpoints.Operations.Select(o => o.Id).Order(StringComparer.Ordinal), RoleTable.Read().Rows.Select(r => r.Operation).Order(StringComparer.Ordinal));

    [Fact]
    public void Table_SecondPersons_AreThoseOfTheOperations() => Assert.All(RoleTable.Read().Rows, row =>
    {
        var access = Operation(row).Access;
        Assert.Equal(
            access.Second switch
            {
                SecondPerson.Always => $"always: {AdminRoles.Words(access.Approvers)}",
                SecondPerson.AboveLimit => $"above the limit: {AdminRoles.Words(access.Approvers)}",
                _ => "-",
            },
            row.Second);
    });

    [Fact]
    public async Task EveryOperation_AsEveryRole_IsAllowedOrRefusedAsTheTableSays()
    {
        await using var server = await MatrixServer.StartAsync();
        var own = new OwnCases(server).All;
        var wrong = new List<string>();
        foreach (var row in RoleTable.Read().Rows)
        {
            foreach (var (role, cell) in row.Roles)
            {
                if (await WhyNotAsync(server, Operation(row), own, role.Word(), cell) is { } why)
                {
                    wrong.Add($"{row.Operation} as {role.Word()} ({cell}): {why}");
                }
            }

            if (await WhyNotAsync(server, Operation(row), own, "socket", row.Socket) is { } whySocket)
            {
                wrong.Add($"{row.Operation} by the socket ({row.Socket}): {whySocket}");
            }
        }

        Assert.Empty(wrong);
    }

    private static async Task<string?> WhyNotAsync(MatrixServer server, AdminOperation operation, IReadOnlyDictionary<string, OwnCase> cases, string role, string cell)
    {
        switch (cell)
        {
            case "own":
                return cases.TryGetValue(operation.Id, out var own) ? await WhyNotOwnAsync(server, operation, own, role) : "no case for it in OwnCases";
            case "yes" or "no" or "second":
                var body = cell == "second" && WaitingBodies.TryGetValue(operation.Id, out var waiting) ? waiting : operation.Body is null ? null : "{}";
                var (status, text) = await server.CallAsync(role, operation.Method, PathParameter().Replace(operation.Path, "nothing")[1..], body);
                if (cell == "second" && operation.WhyNot is null && status != 202)
                {
                    return $"does not wait: {status} {text}";
                }

                var denied = status == 403 && text.Contains(Denied, StringComparison.OrdinalIgnoreCase);
                return denied == (cell == "no") && (denied || status == 200 || !text.Contains(NotOwned, StringComparison.Ordinal)) ? null : $"{status} {text}";
            default:
                return "the cell must say yes, no, own or second";
        }
    }

    private static async Task<string?> WhyNotOwnAsync(MatrixServer server, AdminOperation operation, OwnCase own, string role)
    {
        var (status, text) = await server.CallAsync(role, operation.Method, own.Own, own.OwnBody);
        if (status != 200)
        {
            return $"own: {status} {text}";
        }

        if (own.Listed is var (mine, theirs))
        {
            return text.Contains(mine, StringComparison.Ordinal) && !text.Contains(theirs, StringComparison.Ordinal) ? null : $"own: lists {text}";
        }

        (status, text) = await server.CallAsync(role, operation.Method, own.Foreign, own.ForeignBody);
        return status == 403 && text.Contains(NotOwned, StringComparison.Ordinal) ? null : $"another's: {status} {text}";
    }

    private static AdminOperation Operation(RoleTableRow row) => AdminEndpoints.Operations.Single(o => o.Id == row.Operation);

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex PathParameter();
}
