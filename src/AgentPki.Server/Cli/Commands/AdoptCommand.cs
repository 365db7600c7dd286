using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AgentPki.Protocols.Admin;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki adopt</c></summary>
internal static class AdoptCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "Certificates in PEM, or a complete CRL of before the restore (DER or PEM)." };
        var owner = new Option<string?>("--owner") { Description = "Whose the agents are, where they are not known." };
        var profile = new Option<string?>("--profile") { Description = "What the certificates were issued by; the default profile unless told." };
        return new Verb(
            "adopt",
            "After a restore: makes certificates known again that it has lost, and true again what a CRL of before it revoked.",
            "agentpki adopt /media/relying-party/issuing.crl",
            "agentpki adopt agent.pem --owner team-a")
            .With(file)
            .With(owner, profile)
            .Asks(context, async (admin, parsed, cancellationToken) =>
            {
                var (certificates, revocations, known, unknown, waiting) = (0, 0, 0, 0, 0);
                foreach (var der in Read(Path.GetFullPath(parsed.GetRequiredValue(file), context.WorkingFolder)))
                {
                    var command = new AdoptionCommand(Convert.ToBase64String(der), parsed.GetValue(owner), parsed.GetValue(profile));
                    AdoptionView done;
                    try
                    {
                        done = await admin.PostAsync("adoptions", command, AdminJson.Default.AdoptionCommand, AdminJson.Default.AdoptionView, cancellationToken);
                    }
                    catch (CommandException waits) when (waits.ExitCode == ExitCodes.Waits)
                    {
                        // Each is a request of its own: one that somebody rejects holds up no other.
                        waiting++;
                        context.Terminal.Fail(waits.Message, waits.Remedy);
                        continue;
                    }

                    (certificates, revocations, known, unknown) = (certificates + done.Certificates, revocations + done.Revocations, known + done.Known, unknown + done.Unknown);
                }

                if (waiting > 0)
                {
                    return ExitCodes.Waits;
                }

                context.Terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{certificates} certificates and {revocations} revocations adopted; {known} were known; {unknown} revocations are of certificates that are not known here."));
                return ExitCodes.Success;
            });
    }

    private static List<byte[]> Read(string path)
    {
        byte[] content;
        try
        {
            content = File.ReadAllBytes(path);
        }
        catch (IOException error)
        {
            throw new CommandException(ExitCodes.Usage, $"{path} cannot be read: {error.Message}", "Name a file with certificates or a CRL.", error);
        }

        var (found, text) = (new List<byte[]>(), Encoding.ASCII.GetString(content));
        for (var rest = text.AsSpan(); PemEncoding.TryFind(rest, out var fields); rest = rest[fields.Location.End..])
        {
            found.Add(Convert.FromBase64String(rest[fields.Base64Data].ToString()));
        }

        return found.Count > 0 ? found : [content];
    }
}
