using System.CommandLine;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Protocols.Admin;
using AgentPki.Server.Administration;
using AgentPki.Server.Ceremony;
using AgentPki.Server.Composition;
using AgentPki.Server.Configuration;
using AgentPki.Server.Home;
using AgentPki.Server.Locks;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki unlock</c> and <c>agentpki lock</c></summary>
internal static class UnlockCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("officer") { Description = "The officer's file: NAME.officer." };
        var key = new Option<string>("--key") { Description = "His key file, whose passphrase is asked for (usually NAME.key beside it), or his card: 'card KIND LABEL', whose PIN is." };
        return new Verb(
            "unlock",
            "Gives an officer's share of the PINs of an appliance that started locked. The last that is missing opens it.",
            "agentpki unlock alice.officer",
            "agentpki unlock bob.officer --key 'card softhsm bob'")
            .With(file)
            .With(key)
            .Runs((parsed, cancellationToken) => RunAsync(context, parsed.GetRequiredValue(file), parsed.GetValue(key), cancellationToken));
    }

    internal static Command CreateLock(CommandContext context) =>
        new Verb("lock", "Locks the tokens that officers open: what runs ends, and nothing is signed until officers open them again.", "agentpki lock")
            .Runs((_, cancellationToken) => LockAsync(context, cancellationToken));

    private static async Task<int> RunAsync(CommandContext context, string officerFile, string? keyName, CancellationToken cancellationToken)
    {
        var home = context.Home();
        var options = ConfigurationReader.Load(home, context.Variable);
        var tokens = options.Tokens.Where(t => PinLocks.OriginOf(home, options, t, context.Variable) == PinOrigin.Quorum).ToList();
        if (tokens.Count == 0)
        {
            throw new CommandException(ExitCodes.Usage, "No token of this appliance is opened by officers: it starts by itself.", "'token.pin: quorum' in agentpki.yaml would make it so, after a ceremony that shared its PIN.");
        }

        // A share is its own proof; and a locked appliance has no TLS.
        using var admin = AdminConnection.WithoutCertificate(home);
        var before = await admin.GetAsync("locks", AdminJson.Default.LocksView, cancellationToken);
        if (before.Open)
        {
            context.Terminal.Line("It is open already.");
            return ExitCodes.Success;
        }

        var officer = ReadOfficer(context, officerFile);
        await using var key = await OpenKeyAsync(context, home, keyName ?? Path.ChangeExtension(officerFile, ".key"), officer, cancellationToken);
        var view = before;
        foreach (var token in tokens.Where(t => before.Tokens.Any(l => l.Token == t.Name && !l.Open)))
        {
            var (share, problem) = await PinLocks.Read(home, options, token).OpenShareAsync(key, cancellationToken);
            using (share)
            {
                if (share is null)
                {
                    throw new CommandException(ExitCodes.Refused, $"Token '{token.Name}': {problem}.", "Take the key that was enrolled in the ceremony that sealed the PIN.");
                }

                view = await admin.PostOctetsAsync(LockedAdminEndpoints.SharesPath.TrimStart('/'), share, AdminJson.Default.LocksView, cancellationToken);
            }
        }

        foreach (var token in view.Tokens)
        {
            context.Terminal.Line(token.Open ? $"Token '{token.Token}' is open." : $"Token '{token.Token}': {token.Given.Count} of {token.Threshold} officers ({string.Join(", ", token.Given)}).");
        }

        return ExitCodes.Success;
    }

    private static async Task<int> LockAsync(CommandContext context, CancellationToken cancellationToken)
    {
        using var admin = new AdminConnection(context);
        var view = await admin.PostAsync("locks/close", AdminJson.Default.LocksView, cancellationToken);
        context.Terminal.Line($"Locked: {string.Join(", ", view.Tokens.Select(t => t.Token))}. {view.Tokens[0].Threshold} officers open it again with 'agentpki unlock'.");
        return ExitCodes.Success;
    }

    private static Officer ReadOfficer(CommandContext context, string file)
    {
        var path = Path.GetFullPath(file, context.WorkingFolder);
        if (!File.Exists(path))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no file {path}.", "Name the officer's file, NAME.officer, that 'agentpki officer new' made.");
        }

        return Officer.TryParse(File.ReadAllBytes(path), ProviderList.SoftwareOnly, out var officer, out var problem)
            ? officer
            : throw new CommandException(ExitCodes.Usage, $"{path} cannot be taken: {problem}.", "Name the officer's file, NAME.officer, that 'agentpki officer new' made.");
    }

    private static async Task<OfficerKey> OpenKeyAsync(CommandContext context, ApplianceHome home, string name, Officer officer, CancellationToken cancellationToken)
    {
        if (CardReader.IsCard(name))
        {
            var (card, why) = await new CardReader(context.Terminal, home, context.Clock).OpenAsync(name, officer, cancellationToken);
            return card ?? throw new CommandException(ExitCodes.Refused, $"{why}.", "Insert the right card and type the command again.");
        }

        var path = Path.GetFullPath(name, context.WorkingFolder);
        if (!File.Exists(path))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no key file {path}.", "Name it with --key, or the officer's card: --key 'card KIND LABEL'.");
        }

        var text = await File.ReadAllTextAsync(path, cancellationToken);
        var (memory, length) = TerminalInput.ReadHidden(context.Terminal, $"passphrase of {officer.Name}: ", cancellationToken);
        using (memory)
        {
            return OfficerKeyFile.TryOpen(text, officer, memory.GetSpan()[..length], out var key, out var problem)
                ? key
                : throw new CommandException(ExitCodes.Refused, $"{path}: {problem}.", "Type the command again.");
        }
    }
}
