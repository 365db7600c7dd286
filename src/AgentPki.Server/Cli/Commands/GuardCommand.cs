using System.CommandLine;
using AgentPki.Server.Configuration;
using AgentPki.Server.Guard;
using AgentPki.Server.Logging;
using Microsoft.Extensions.Hosting.Systemd;

namespace AgentPki.Server.Cli.Commands;

/// <summary><c>agentpki guard</c>: revocation enforced in front of any service; needs no home.</summary>
internal static class GuardCommand
{
    internal static Command Create(CommandContext context)
    {
        var file = new Option<string?>("--options") { Description = "A YAML file with these options in camel case (maxStaleness: 30s); the command line goes before it." };
        Option<string?>[] single =
        [
            Single("--listen", "Where agents connect with TLS: PORT or ADDRESS:PORT."),
            Single("--upstream", "The service behind the guard: http://127.0.0.1:8000."),
            Single("--appliance", "The appliance's plain HTTP port, where feed, OCSP and CRLs are.", "--feed"),
            Single("--ca", "PEM file with the root, and better with the issuing CA too."),
            Single("--certificate", "The guard's own certificate with its issuing CA (PEM); read again when it changes."),
            Single("--key", "Its key (PEM)."),
            Single("--est", "Enrol and renew at this appliance (its HTTPS port), keeping --certificate and --key."),
            Single("--credential", "File with name:secret for the first enrolment."),
            Single("--max-staleness", "How old the feed's last word may be before it cannot tell: 30s."),
            Single("--oauth-issuer", "Ask for an access token with each request, of this issuer (the appliance's oauth.issuer), bound to the agent's certificate."),
            Single("--oauth-resource", "The resource that tokens must be for (as in the appliance's oauth.resources)."),
            Single("--upstream-timeout", "How long the service may be silent within a request: 100s."),
            Single("--admin", "Loopback port of /healthz and /metrics: 9443."),
            Single("--crl-dir", "Keep CRL files in this folder, for nginx, Envoy and others."),
            Single("--on-change", "Shell command after the CRL files changed: 'nginx -s reload'."),
            Single("--crl-every", "How often CRLs are looked at without an event: 1m."),
        ];
        Option<string[]>[] many =
        [
            Many("--allow", "SPIFFE ID that may come in, with /* at its end for all below; may be repeated. Without: whoever the CA vouches for."),
            Many("--source", "Who is asked for revocations, in this order: feed,ocsp,crl. 'feed' alone is the strictest."),
            Many("--name", "DNS name to enrol with; may be repeated."),
            Many("--crl", "CA of the appliance whose CRL to keep, or a whole URL; may be repeated."),
        ];
        var http2 = new Option<bool>("--upstream-http2") { Description = "The service speaks HTTP/2 without TLS (gRPC)." };
        return new Verb(
            "guard",
            "Stands before a service, lets in agents whose certificates are good, and cuts their open connections the moment they are revoked; or keeps CRL files fresh for other proxies.",
            "agentpki guard --listen 8443 --upstream http://127.0.0.1:8000 --appliance http://pki.example.org:8080 --ca ca.pem --certificate guard.pem --key guard.key",
            "agentpki guard --listen 8443 --upstream http://127.0.0.1:8000 --appliance http://pki.example.org:8080 --ca ca.pem --certificate guard.pem --key guard.key --est https://pki.example.org:8443 --credential guard-credential --name api.example.org --allow 'spiffe://example.org/team-a/*'",
            "agentpki guard --crl-dir /run/agentpki-crl --crl issuing --crl root --appliance http://pki.example.org:8080 --ca ca.pem --on-change 'nginx -s reload'",
            "agentpki guard --options /etc/agentpki/guard.yaml")
            .With(file, http2)
            .With(single)
            .With(many)
            .Runs(async (parsed, cancellationToken) =>
            {
                var said = single.Where(o => parsed.GetValue(o) is not null).ToDictionary(Name, o => (IReadOnlyList<string>)[parsed.GetValue(o) ?? ""]);
                foreach (var option in many.Where(o => parsed.GetValue(o) is { Length: > 0 }))
                {
                    said[Name(option)] = parsed.GetValue(option) ?? [];
                }

                if (parsed.GetValue(http2))
                {
                    said[Name(http2)] = ["true"];
                }

                return await RunAsync(context, GuardOptionsReader.Read(Settings(said, parsed.GetValue(file))), cancellationToken);
            });
    }

    private static Option<string?> Single(string name, string description, params string[] aliases) => new(name, aliases) { Description = description };

    private static Option<string[]> Many(string name, string description) => new(name) { Description = description };

    private static string Name(Option option) => option.Name.TrimStart('-');

    private static GuardSettings Settings(Dictionary<string, IReadOnlyList<string>> said, string? file)
    {
        if (file is not null && !File.Exists(file))
        {
            throw new CommandException(ExitCodes.Usage, $"There is no file {file}.", "Name a YAML file with the guard's options, or leave --options out.");
        }

        return new GuardSettings(said, YamlSection.Parse(file is null ? "" : File.ReadAllText(file), file ?? ""), file ?? "");
    }

    private static async Task<int> RunAsync(CommandContext context, GuardOptions options, CancellationToken cancellationToken)
    {
        using var loggers = LoggerSetup.ToStandardError(new LogOptions(LogLevel.Information, 16, 4), context.Clock);
        await using var guard = await GuardHost.StartAsync(options, context.Variable, context.Clock, loggers, cancellationToken);
        context.Terminal.Line(options.Door is { } door ? $"Guarding {door.Upstream} at https://{door.Listen}; health and metrics at http://{options.Admin}." : $"Keeping CRLs in {options.Lists?.Folder}; health and metrics at http://{options.Admin}.");
        var systemd = new SystemdNotifier();
        systemd.Notify(ServiceState.Ready);
        await Waiting.UntilCancelledAsync(cancellationToken);
        systemd.Notify(ServiceState.Stopping);
        return ExitCodes.Success;
    }
}
