using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using AgentPki.Authority.Ceremony;
using AgentPki.Server.Algorithms;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki algorithms</c>: asks the providers and the tokens, needs no server, changes nothing.</summary>
internal static partial class AlgorithmsCommand
{
    internal static Command Create(CommandContext context)
    {
        var names = new Argument<string[]>("name") { Description = "Only algorithms whose name contains one of these.", Arity = ArgumentArity.ZeroOrMore };
        var json = new Option<bool>("--json") { Description = "One JSON document instead of a table." };
        return new Verb(
            "algorithms",
            "Lists every algorithm of this build: which provider and token has it here and now, how a key would be kept, what it may sign. SERVES names what that provider is taken for.",
            "agentpki algorithms",
            "agentpki algorithms ml-dsa slh-dsa-sha2-128s",
            "agentpki algorithms --json | jq -r '.[] | select(.level == \"token\" and (.serves | index(\"ca\"))) | .algorithm'")
            .With(names, json)
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetRequiredValue(names), parsed.GetValue(json), cancellationToken));
    }

    private static async Task<int> RunAsync(CommandContext context, string[] names, bool json, CancellationToken cancellationToken)
    {
        var rows = (await RowsAsync(context, cancellationToken)).Where(r => names.Length == 0 || names.Any(n => r.Algorithm.Contains(n, StringComparison.Ordinal))).ToList();
        if (json)
        {
            context.Terminal.Raw(JsonSerializer.Serialize(rows, AlgorithmsJson.Default.IReadOnlyListAlgorithmRow));
            return ExitCodes.Success;
        }

        Output.Table(
            context.Terminal,
            ["ALGORITHM", "NIST", "PROVIDER", "TOKEN", "LEVEL", "DOES", "SERVES", "REMARK"],
            [
                .. rows.Select(r => new[]
                {
                    r.Algorithm, r.NistLevel == 0 ? "" : r.NistLevel.ToString(CultureInfo.InvariantCulture), r.Provider, r.Token, r.Level, string.Join(' ', r.Does), string.Join(' ', r.Serves), r.Remark,
                }),
            ],
            "No algorithm of this build has such a name.");
        return ExitCodes.Success;
    }

    private static async Task<IReadOnlyList<AlgorithmRow>> RowsAsync(CommandContext context, CancellationToken cancellationToken)
    {
        var home = context.Home();
        if (!home.Exists)
        {
            context.Terminal.Warn($"There is no appliance in {home.Root}: without its tokens this is what software can.");
            return AlgorithmTable.Of(ProviderList.SoftwareOnly, new Dictionary<string, string>(), KeyPlacement.TokenOnly);
        }

        var options = ConfigurationReader.Load(home, context.Variable);
        var tokenOptions = TokenAccess.OptionsOf(home, options, context.Variable);
        await using var tokens = await OpenTokens.OpenAsync(tokenOptions, context.Clock, NullLoggerFactory.Instance, cancellationToken);
        var (wrappingToken, wrapper) = await tokens.OpenWrapperAsync(options.KeyPrefix, cancellationToken);
        var labels = tokens.All.Zip(tokenOptions).ToDictionary(t => t.First.Name, t => t.Second.TokenLabel, StringComparer.Ordinal);
        return AlgorithmTable.Of(ProviderList.Of(tokens, ProviderList.Wrapped(home, wrappingToken, wrapper, context.Clock)), labels, options.Development ? KeyPlacement.AllowTokenWrapped : KeyPlacement.TokenOnly);
    }

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
    [JsonSerializable(typeof(IReadOnlyList<AlgorithmRow>))]
    private sealed partial class AlgorithmsJson : JsonSerializerContext;
}
