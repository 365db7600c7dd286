using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Authority.Recovery.Archives;
using AgentPki.Server.Ceremony;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;

namespace AgentPki.Server.Recovery;

/// <summary>Gives an officer's key: asks for his file and its passphrase, or his card.</summary>
/// <returns>Null: he is not here.</returns>
internal delegate Task<OfficerKey?> OfficerAsked(Officer officer, CancellationToken cancellationToken);

/// <summary>The officers who have come to open a backup: as many as its quorum. Their keys stay open until the restore is done.</summary>
internal sealed class OfficersAtHand : IAsyncDisposable
{
    private readonly List<OfficerKey> _keys;

    private OfficersAtHand(OfficerRoster roster, List<OfficerKey> keys) => (Roster, _keys) = (roster, keys);

    public OfficerRoster Roster { get; }

    public IReadOnlyList<string> Names => [.. _keys.Select(k => k.Officer.Name)];

    /// <summary>Asks one after the other until there are enough.</summary>
    /// <exception cref="CommandException">There are not.</exception>
    public static async Task<OfficersAtHand> GatherAsync(OfficerRoster roster, OfficerAsked ask, CancellationToken cancellationToken)
    {
        var keys = new List<OfficerKey>();
        foreach (var officer in roster.Officers)
        {
            if (keys.Count < roster.Quorum && await ask(officer, cancellationToken) is { } key)
            {
                keys.Add(key);
            }
        }

        var gathered = new OfficersAtHand(roster, keys);
        if (keys.Count >= roster.Quorum)
        {
            return gathered;
        }

        await gathered.DisposeAsync();
        throw new CommandException(
            ExitCodes.Refused,
            $"{keys.Count} of {roster.Quorum} officers are not enough to open this archive; it was sealed to {string.Join(", ", roster.Officers.Select(o => o.Name))}.",
            "Name each officer's key file with --officer NAME=FILE, or his card with --officer 'NAME=card KIND LABEL'.");
    }

    /// <summary>Puts the key of an archive together.</summary>
    /// <exception cref="ArchiveException">Their shares are not this archive's.</exception>
    public async ValueTask<ArchiveKey> OpenAsync(ArchiveHeader header, CancellationToken cancellationToken)
    {
        var shares = new List<OpenedShare>();
        try
        {
            foreach (var key in _keys)
            {
                var (share, problem) = await header.SealedKey.OpenShareAsync(key, cancellationToken);
                shares.Add(share ?? throw new ArchiveException($"The archive does not open: {problem}."));
            }

            var (secret, wrong) = header.SealedKey.Open(shares);
            try
            {
                return ArchiveKey.Of(secret ?? throw new ArchiveException($"The archive does not open: {wrong}."), header);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(secret);
            }
        }
        finally
        {
            shares.ForEach(s => s.Dispose());
        }
    }

    /// <summary>Has each of them sign a statement, and counts.</summary>
    /// <returns>Each text and signature, base64, with a dot between, and a space between two.</returns>
    public async Task<string> SignAsync(string kind, DateTimeOffset time, (string Name, string Value)[] about, CancellationToken cancellationToken)
    {
        var statement = OfficerStatement.Of(kind, time, [.. about.Select(a => (a.Name, (string?)a.Value))]);
        var count = new QuorumCount(Roster, ProviderList.SoftwareOnly, kind, about);
        foreach (var key in _keys)
        {
            if (count.Add(await key.SignAsync(statement, cancellationToken)) is { } problem)
            {
                throw new CommandException(ExitCodes.Refused, $"The statement of {key.Officer.Name} does not count: {problem}.", "Begin the restore again with the officers of this archive.");
            }
        }

        return string.Join(' ', count.Statements.Select(s => $"{Convert.ToBase64String(s.Text.Span)}.{Convert.ToBase64String(s.Signature.Span)}"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var key in _keys)
        {
            await key.DisposeAsync();
        }
    }

    /// <summary>
    /// Asks by what the command line names, each <c>NAME=FILE</c> or <c>NAME=card KIND LABEL</c>; the passphrase is typed, or a line of standard input; a card's PIN is typed, at a terminal.
    /// </summary>
    /// <param name="cards">The home beside which a kind of card that keeps its objects in files has them.</param>
    /// <exception cref="CommandException">A file, a passphrase or a card is wrong.</exception>
    public static OfficerAsked ByKeys(CommandContext context, ApplianceHome cards, IReadOnlyList<string> named)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var text in named)
        {
            var parts = text.Split('=', 2);
            if (parts.Length != 2 || !files.TryAdd(parts[0], parts[1]))
            {
                throw new CommandException(ExitCodes.Usage, $"--officer {text} names no officer and his key, or names him twice.", "Write --officer NAME=FILE, or --officer 'NAME=card KIND LABEL', once for each officer.");
            }
        }

        return async (officer, cancellationToken) =>
        {
            if (!files.TryGetValue(officer.Name, out var file))
            {
                return null;
            }

            if (CardReader.IsCard(file))
            {
                var (opened, refused) = await new CardReader(context.Terminal, cards, context.Clock).OpenAsync(file, officer, cancellationToken);
                return opened ?? throw new CommandException(ExitCodes.Refused, $"The card of {officer.Name} does not open: {refused}.", $"The card with the keys of {officer.Name} ({officer.FullName}, key {officer.Fingerprint[..16]}…) and its PIN are wanted.");
            }

            var path = Path.GetFullPath(file, context.WorkingFolder);
            if (!File.Exists(path))
            {
                throw new CommandException(ExitCodes.Usage, $"There is no file {path}.", $"Name the key file of {officer.Name}.");
            }

            var passphrase = Passphrases.Ask(context.Terminal, $"passphrase of {officer.Name}", cancellationToken);
            try
            {
                return OfficerKeyFile.TryOpen(await File.ReadAllTextAsync(path, cancellationToken), officer, passphrase, out var key, out var problem)
                    ? key
                    : throw new CommandException(ExitCodes.Refused, $"{path}: {problem}.", $"The key file of {officer.Name} ({officer.FullName}, key {officer.Fingerprint[..16]}…) and its passphrase are wanted.");
            }
            finally
            {
                CryptographicOperations.ZeroMemory(passphrase);
            }
        };
    }
}
