using System.CommandLine;
using System.Security.Cryptography;
using AgentPki.Authority.Ceremony.Quorum;
using AgentPki.Cryptography;
using AgentPki.Server.Ceremony;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki officer new|show</c></summary>
internal static class OfficerCommand
{
    internal static Command Create(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "A short name: lower-case letters, digits and '-'." };
        var fullName = new Option<string>("--full-name") { Description = "As it stands in the minutes.", Required = true };
        var algorithm = new Option<string>("--algorithm") { Description = "Of the signing key: ecdsa-p256, ecdsa-p384, rsa-3072, ed25519, ml-dsa-65, …", DefaultValueFactory = _ => "ecdsa-p384" };
        var folder = new Option<string>("--out") { Description = "Where the two files go: NAME.key is the officer's own, NAME.officer is for everybody.", DefaultValueFactory = _ => "." };
        var card = new Option<string?>("--card") { Description = "On a PKCS#11 card instead of a file: 'KIND LABEL', where KIND is a folder in hsm-config/." };
        var file = new Argument<string>("file") { Description = "An officer's file: NAME.officer." };
        return new Verb("officer", "Crypto officers: the people who hold ceremonies, each with a key of his own.", "agentpki officer new alice --full-name 'Alice Example'", "agentpki officer show alice.officer")
            .With(
                new Verb("new", "Makes an officer's keys, in a file under a passphrase. Done by the officer, on a machine that he trusts.", "agentpki officer new alice --full-name 'Alice Example' --out /media/usb")
                    .With(name, fullName, algorithm, folder, card)
                    .Runs((parsed, cancellationToken) => parsed.GetValue(card) is { } named ? NewOnCardAsync(context, parsed.GetRequiredValue(name), parsed.GetRequiredValue(fullName), named, parsed.GetRequiredValue(folder), cancellationToken) : NewAsync(context, parsed.GetRequiredValue(name), parsed.GetRequiredValue(fullName), parsed.GetRequiredValue(algorithm), parsed.GetRequiredValue(folder), cancellationToken)),
                new Verb("show", "Shows who an officer's file says that he is, and his key's fingerprint, which he reads aloud.", "agentpki officer show alice.officer")
                    .With(file)
                    .Runs((parsed, cancellationToken) => ShowAsync(context, parsed.GetRequiredValue(file), cancellationToken)));
    }

    private static async Task<int> NewAsync(CommandContext context, string name, string fullName, string algorithm, string folder, CancellationToken cancellationToken)
    {
        var target = Path.GetFullPath(folder, context.WorkingFolder);
        var (keyPath, publicPath) = (Path.Combine(target, $"{name}.key"), Path.Combine(target, $"{name}.officer"));
        if (KeyAlgorithm.Find(algorithm) is not { CanSign: true } kind)
        {
            throw new CommandException(ExitCodes.Usage, $"'{algorithm}' is no kind of signing key.", "'agentpki algorithms' lists what there is.");
        }

        if (!Directory.Exists(target) || File.Exists(keyPath) || File.Exists(publicPath))
        {
            throw new CommandException(ExitCodes.Usage, Directory.Exists(target) ? $"{(File.Exists(keyPath) ? keyPath : publicPath)} is there already; it is not written over." : $"There is no folder {target}.", "Name another folder with --out.");
        }

        var (first, length) = TerminalInput.ReadHidden(context.Terminal, $"A passphrase for {name} (at least {OfficerKeyFile.ShortestPassphrase} characters): ", cancellationToken);
        var (second, again) = TerminalInput.ReadHidden(context.Terminal, "The same again: ", cancellationToken);
        using (first)
        using (second)
        {
            if (!CryptographicOperations.FixedTimeEquals(first.GetSpan()[..length], second.GetSpan()[..again]))
            {
                throw new CommandException(ExitCodes.Usage, "The passphrases differ; nothing was made.", "Type the command again.");
            }

            try
            {
                var (text, officer) = await OfficerKeyFile.CreateAsync(name, fullName, kind, first.Memory[..length], ProviderList.SoftwareOnly, cancellationToken);
                PrivateFile.Write(keyPath, text);
                await File.WriteAllBytesAsync(publicPath, officer.Encode(), cancellationToken);
                Tell(context, officer);
                context.Terminal.Line($"{keyPath} is {name}'s alone. {publicPath} goes to whoever writes the ceremony's script.");
                return ExitCodes.Success;
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException)
            {
                throw new CommandException(ExitCodes.Usage, $"The officer's keys were not made: {error.Message}.", "Correct that and type the command again.", error);
            }
        }
    }

    private static async Task<int> NewOnCardAsync(CommandContext context, string name, string fullName, string named, string folder, CancellationToken cancellationToken)
    {
        var publicPath = Path.Combine(Path.GetFullPath(folder, context.WorkingFolder), $"{name}.officer");
        if (named.Split(' ', 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) is not [var kind, var label] || File.Exists(publicPath))
        {
            throw new CommandException(ExitCodes.Usage, File.Exists(publicPath) ? $"{publicPath} is there already; it is not written over." : "A card is named by its kind and its label.", "For example: --card 'softhsm alice'.");
        }

        var (pin, card) = await new CardReader(context.Terminal, context.Home(), context.Clock).ConnectAsync(kind, label, name, cancellationToken);
        using (pin)
        await using (card)
        {
            try
            {
                var officer = await OfficerCard.CreateAsync(card, name, fullName, null, cancellationToken);
                await File.WriteAllBytesAsync(publicPath, officer.Encode(), cancellationToken);
                Tell(context, officer);
                context.Terminal.Line($"The keys are on the card and do not leave it. {publicPath} goes to whoever writes the ceremony's script.");
                return ExitCodes.Success;
            }
            catch (Exception error) when (error is ArgumentException or NotSupportedException or InvalidOperationException or KeyUnavailableException)
            {
                throw new CommandException(ExitCodes.Refused, $"The officer's keys were not made: {error.Message}", "Correct that and type the command again.", error);
            }
        }
    }

    private static async Task<int> ShowAsync(CommandContext context, string file, CancellationToken cancellationToken)
    {
        var path = Path.GetFullPath(file, context.WorkingFolder);
        if (!File.Exists(path))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no file {path}.", "'agentpki officer new' makes one.");
        }

        if (!Officer.TryParse(await File.ReadAllBytesAsync(path, cancellationToken), ProviderList.SoftwareOnly, out var officer, out var problem))
        {
            throw new CommandException(ExitCodes.CheckFailed, $"{path} cannot be taken: {problem}.", "Have the officer send it again.");
        }

        Tell(context, officer);
        return ExitCodes.Success;
    }

    private static void Tell(CommandContext context, Officer officer)
    {
        Output.Facts(context.Terminal, ("officer", officer.Name), ("full name", officer.FullName), ("signs with", officer.SigningKey.Algorithm.Name), ("receives with", officer.ReceivingKey.Algorithm.Name));
        context.Terminal.Line("The key's fingerprint, to be read aloud:");
        foreach (var line in PlanText.DigestLines(officer.Fingerprint))
        {
            context.Terminal.Line("  " + line);
        }
    }
}
