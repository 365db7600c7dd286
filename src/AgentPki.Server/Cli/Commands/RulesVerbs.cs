using System.CommandLine;
using AgentPki.Authority.Governance;
using AgentPki.Authority.Store;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>check</c> and <c>restore</c> of rules that lie in one file of the home; neither needs a server.</summary>
internal static class RulesVerbs
{
    /// <param name="document">Which document says what is built in.</param>
    internal static Verb Check<T>(CommandContext context, RulesKind<T> kind, Func<ApplianceHome, string> pathOf, string document)
        where T : class, IRules
    {
        var file = new Argument<string?>("file") { Description = $"Without it: {kind.File} of this home.", Arity = ArgumentArity.ZeroOrOne };
        return new Verb("check", "Reads rules and names each mistake with line and field.", $"agentpki {kind.Verb} check {kind.File}")
            .With(file)
            .Runs((parsed, _) => Task.FromResult(Check(context, kind, parsed.GetValue(file), pathOf, document)));
    }

    internal static Verb Restore<T>(CommandContext context, RulesKind<T> kind, Func<ApplianceHome, string> pathOf)
        where T : class, IRules =>
        new Verb("restore", "Writes the rules as they were approved.", $"agentpki {kind.Verb} restore")
            .Runs((_, token) => RestoreAsync(context, kind, pathOf, token));

    private static int Check<T>(CommandContext context, RulesKind<T> kind, string? file, Func<ApplianceHome, string> pathOf, string document)
        where T : class, IRules
    {
        var path = file is null ? pathOf(context.Home()) : Path.GetFullPath(file, context.WorkingFolder);
        if (file is null && !File.Exists(path))
        {
            context.Terminal.Line($"There is no {kind.File} in this home: the rules that are built in serve ({document}).");
            return ExitCodes.Success;
        }

        byte[] text;
        try
        {
            text = File.ReadAllBytes(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Usage, $"{path} cannot be read: {error.Message}", "Name a file that is there.", error);
        }

        if (kind.Read(text, out var errors) is { } rules)
        {
            context.Terminal.Line($"The rules are in order (SHA-256 {rules.Digest}).");
            return ExitCodes.Success;
        }

        foreach (var mistake in errors)
        {
            context.Terminal.Fail(mistake.ToString(), "");
        }

        return ExitCodes.CheckFailed;
    }

    private static async Task<int> RestoreAsync<T>(CommandContext context, RulesKind<T> kind, Func<ApplianceHome, string> pathOf, CancellationToken cancellationToken)
        where T : class, IRules
    {
        var home = context.Home();
        try
        {
            await using var store = await SqliteStore.OpenReadOnlyAsync(Composition.ApplianceParts.StoreOptionsOf(home, ConfigurationReader.Load(home, context.Variable)), NullLogger<SqliteStore>.Instance, cancellationToken);
            if ((await ((IGovernanceStore)store).ListApprovedFilesAsync(cancellationToken)).FirstOrDefault(f => f.Name == kind.ApprovedName) is not { } approved)
            {
                context.Terminal.Line("No rules were approved yet.");
                return ExitCodes.Success;
            }

            PrivateFile.Write(pathOf(home), approved.Text);
            context.Terminal.Line($"{kind.File} is as it was approved at {Output.Time(approved.Approved)}.");
            return ExitCodes.Success;
        }
        catch (StoreUnavailableException error)
        {
            throw new CommandException(ExitCodes.Environment, error.Message, "'agentpki doctor' says more.", error);
        }
    }
}
